"""``lightloop serve``: a study's bench on a wire."""
