"""A recording plays in the console's browser, as it lies on disk and as PCM."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import numpy as np
import pytest

from mediaserver.recording import store, wav

CHROMIUM = Path("/usr/bin/chromium")
PLAY = """async encoded => {
    const octets = Uint8Array.from(atob(encoded), c => c.charCodeAt(0));
    const context = new OfflineAudioContext(2, 800, 8000);
    const sound = await context.decodeAudioData(octets.buffer);
    return [0, 1].map(side => Array.from(sound.getChannelData(side)));
}"""


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
def test_chromium_hears_what_was_recorded(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    octets = np.random.default_rng(3).integers(0, 256, 1600, dtype=np.uint8).tobytes()
    file = tmp_path / "x.wav"
    file.write_bytes(wav.pack(wav.Header("alaw", len(octets))) + octets)
    pcm = b"".join(store.wav_pcm16(file))
    want = np.frombuffer(pcm[44:], "<i2").reshape(-1, 2) / 32768
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            page = browser.new_page()
            for content in (file.read_bytes(), pcm):
                heard = np.array(page.evaluate(PLAY, base64.b64encode(content).decode())).T
                assert np.allclose(heard, want, atol=1e-4)
        finally:
            browser.close()
