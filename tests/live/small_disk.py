"""A file system of a few megabytes, which a scenario fills up."""
import contextlib
import subprocess

from netlab import LabError, run


@contextlib.contextmanager
def small_disk(folder, size):
    """Mounts it at `folder`; `size` as mount writes it ("8m"). Needs root."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        raise LabError("needs root to mount a small file system")
    try:
        yield
    finally:
        run("umount", folder)
