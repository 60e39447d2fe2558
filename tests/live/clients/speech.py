"""Real speech for every client, made by espeak-ng when it is needed; nothing of it is kept."""
import pathlib
import subprocess

TEXTS = {
    "inside": ("en-us", "Good morning, this is the inside calling. Did you have a look at the figures that I sent you "
               "yesterday? The quick brown fox jumps over the lazy dog, they say, but our shipments did not jump at "
               "all. We should talk about the third quarter, about the delivery in Hamburg, and about the new "
               "warehouse. I would rather not wait until Thursday. What do you think, shall we begin?"),
    "outside": ("en-gb", "Hello, yes, I can hear you. I have read most of it on the train. It was a bright cold day in "
                "April, and the clocks were striking thirteen, so I had some time. The numbers look sound to me, "
                "apart from the transport costs. Somebody should ask the carrier why the third invoice is so much "
                "higher than the second one. Let us go through the list from the beginning."),
}


def make_speech(folder, side, rate_hz=16000, seconds=None):
    """A WAV file, 16-bit mono; repeated up to `seconds` where a player cannot loop."""
    voice, text = TEXTS[side]
    folder = pathlib.Path(folder)
    raw, out = folder / f"{side}-raw.wav", folder / f"{side}-{rate_hz}-{seconds or 'once'}.wav"
    if out.exists():
        return out
    subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", raw, text], check=True, timeout=60,
                   capture_output=True)
    effects = ["repeat", "-", "trim", "0", str(seconds)] if seconds else []
    subprocess.run(["sox", raw, "-r", str(rate_hz), "-c", "1", "-b", "16", out, "gain", "-3", *effects],
                   check=True, timeout=60, capture_output=True)
    return out
