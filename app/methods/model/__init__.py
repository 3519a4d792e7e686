"""Models: their prunable kernels and the inputs they take."""
