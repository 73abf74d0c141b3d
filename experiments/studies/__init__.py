"""``lightloop studies``: the studies that come with Lightloop."""
