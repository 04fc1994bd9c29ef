export const told = "tests.told";
