"""Pictures and videos in files: containers, decoding apart, damage, replay."""
