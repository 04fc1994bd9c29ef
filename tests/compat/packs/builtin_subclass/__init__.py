"""A pack whose nodes are built-in ones with small changes."""

import folder_paths
from nodes import KSampler, PreviewImage, SaveImage


class SaveQuietly(SaveImage):
    """Saves under a name of its own."""

    def __init__(self):
        super().__init__()
        self.prefix_append = "_quiet"
        self.compress_level = 1

    FUNCTION = "save_quietly"
    CATEGORY = "tests"

    def save_quietly(self, images, filename_prefix="x", prompt=None, extra_pnginfo=None):
        return self.save_images(images, filename_prefix, None, None)


class PreviewElsewhere(PreviewImage):
    """Previews, told by hand where files go, as many packs do."""

    def __init__(self):
        self.output_dir = folder_paths.get_temp_directory()
        self.type = "temp"
        self.prefix_append = "_elsewhere"
        self.compress_level = 1


class KSamplerTwice(KSampler):
    FUNCTION = "sample_twice"
    CATEGORY = "tests"

    def sample_twice(self, **inputs):
        (first,) = self.sample(**inputs)
        return self.sample(**{**inputs, "latent_image": first, "denoise": 0.5})


NODE_CLASS_MAPPINGS = {
    "SaveQuietly": SaveQuietly,
    "PreviewElsewhere": PreviewElsewhere,
    "KSamplerTwice": KSamplerTwice,
}
