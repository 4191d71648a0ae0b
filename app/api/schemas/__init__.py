"""The wire shapes: request and response models."""
