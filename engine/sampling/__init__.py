"""From noise to latents: schedules, denoisers, guidance, samplers."""
