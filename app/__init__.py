"""liancheng (联惩): who is listed for dishonesty in work safety, and what each department must do about it."""
