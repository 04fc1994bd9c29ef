"""A pack with a kind of model files of its own, and one more place for LoRAs."""

import os

import folder_paths

HERE = os.path.join(folder_paths.models_dir, "brushes")
folder_paths.folder_names_and_paths["brushes"] = ([HERE], folder_paths.supported_pt_extensions)
folder_paths.folder_names_and_paths["loras"][0].append(
    os.path.join(folder_paths.base_path, "more_loras")
)
folder_paths.folder_names_and_paths["brushes"][1].add(".brush")
folder_paths.add_model_folder_path("palettes", os.path.join(folder_paths.models_dir, "palettes"))


class PickBrush:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "brush": (folder_paths.get_filename_list("brushes"),),
                "lora": (folder_paths.get_filename_list("loras"),),
            }
        }

    RETURN_TYPES = ("STRING", "STRING")
    FUNCTION = "pick"
    CATEGORY = "tests"

    def pick(self, brush, lora):
        return (
            folder_paths.get_full_path("brushes", brush),
            folder_paths.get_full_path_or_raise("loras", lora),
        )


NODE_CLASS_MAPPINGS = {"PickBrush": PickBrush}
