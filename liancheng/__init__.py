"""What a department's own programs use to work with liancheng; the service itself is the package ``app``."""
