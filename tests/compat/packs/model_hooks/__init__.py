"""A pack that clones models and hangs functions into their sampling."""

import comfy.model_patcher
import comfy.sample
import comfy.sd
import comfy.utils
import folder_paths
import latent_preview
import node_helpers

CALLS = []


class _ModelNode:
    RETURN_TYPES = ("MODEL",)
    FUNCTION = "patch"
    CATEGORY = "tests"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"model": ("MODEL",)}}


class OwnGuidance(_ModelNode):
    def patch(self, model):
        assert isinstance(model, comfy.model_patcher.ModelPatcher)

        def guide(args):
            CALLS.append(("cfg", float(args["model"].model_sampling.sigma_max)))
            return args["uncond"] + (args["cond"] - args["uncond"]) * args["cond_scale"]

        copy = model.clone()
        copy.set_model_sampler_cfg_function(guide, disable_cfg1_optimization=True)
        assert "sampler_cfg_function" not in model.model_options
        return (copy,)


class Watch(_ModelNode):
    """Adds to what an earlier pack has set, as packs do."""

    def patch(self, model):
        copy = model.clone()
        inner = copy.model_options.get("sampler_cfg_function")

        def after(args):
            CALLS.append(("post", args["cond_scale"]))
            return args["denoised"]

        def wrap(apply_model, args):
            CALLS.append(("forward", list(args["cond_or_uncond"])))
            return apply_model(args["input"], args["timestep"], **args["c"])

        copy.set_model_sampler_post_cfg_function(after)
        copy.set_model_unet_function_wrapper(wrap)
        copy.model_options["transformer_options"]["seen_by_watch"] = inner is not None
        return (copy,)


class ShiftWeight(_ModelNode):
    """Adds to one weight."""

    KEY = "diffusion_model.out.2.bias"

    def patch(self, model):
        import torch

        copy = model.clone()
        found = copy.add_patches({self.KEY: (torch.full((4,), 0.5),)}, 1.0)
        assert found == [self.KEY], found
        return (copy,)


class ReplaceAttention(_ModelNode):
    def patch(self, model):
        copy = model.clone()
        copy.set_model_attn1_patch(lambda q, k, v, extra: (q, k, v))
        return (copy,)


class ReplaceAttentionByHand(_ModelNode):
    def patch(self, model):
        copy = model.clone()
        options = copy.model_options["transformer_options"]
        options["patches_replace"] = {"attn1": {("middle", 0): lambda q, k, v, extra: q}}
        return (copy,)


class SampleByHand:
    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "model": ("MODEL",),
                "positive": ("CONDITIONING",),
                "negative": ("CONDITIONING",),
                "latent": ("LATENT",),
                "seed": ("INT", {"default": 0}),
            }
        }

    RETURN_TYPES = ("LATENT", "LATENT")
    FUNCTION = "sample"
    CATEGORY = "tests"

    def sample(self, model, positive, negative, latent, seed):
        seen = {}
        samples = comfy.sample.fix_empty_latent_channels(model, latent["samples"])
        noise = comfy.sample.prepare_noise(samples, seed)
        positive = node_helpers.conditioning_set_values(positive, {"strength": 1.0})
        result = comfy.sample.sample(
            model, noise, 2, 7.0, "euler", "normal", positive, negative, samples,
            callback=latent_preview.prepare_callback(model, 2, seen), seed=seed,
        )  # fmt: skip
        clean = model.model.process_latent_out(seen["x0"].cpu())
        return {"samples": result}, {"samples": clean}


class LoadByPath:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"ckpt": ("STRING", {}), "lora": ("STRING", {})}}

    RETURN_TYPES = ("MODEL", "CLIP", "VAE")
    FUNCTION = "load"
    CATEGORY = "tests"

    def load(self, ckpt, lora):
        path = folder_paths.get_full_path_or_raise("checkpoints", ckpt)
        model, clip, vae, _ = comfy.sd.load_checkpoint_guess_config(
            path, embedding_directory=folder_paths.get_folder_paths("embeddings")
        )
        tensors = comfy.utils.load_torch_file(folder_paths.get_full_path("loras", lora))
        model, clip = comfy.sd.load_lora_for_models(model, clip, tensors, 1.0, 1.0)
        return model, clip, vae


NODE_CLASS_MAPPINGS = {
    "OwnGuidance": OwnGuidance,
    "Watch": Watch,
    "ShiftWeight": ShiftWeight,
    "ReplaceAttention": ReplaceAttention,
    "ReplaceAttentionByHand": ReplaceAttentionByHand,
    "SampleByHand": SampleByHand,
    "LoadByPath": LoadByPath,
}
