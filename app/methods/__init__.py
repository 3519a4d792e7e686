"""Descriptions of the methods, one file each: `app/methods/<group>/<name>.py`, whose code lies with the workers."""
