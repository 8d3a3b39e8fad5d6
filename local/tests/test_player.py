"""The player serves what is published, in ranges, and nothing else."""

from __future__ import annotations

import unittest
import urllib.error
import urllib.request
from typing import Any

from millrace_local.edge.media import Media
from millrace_local.player import Player

from .buckets import Bucket

_OBJECTS = {"assets/a1/j1/index.m3u8": b"#EXTM3U\n", "jobs/j1/plan.json": b"{}"}


class PlayerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.url = Player(Media(Bucket(_OBJECTS), "media")).url

    def get(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers)
        return urllib.request.urlopen(request, timeout=5)

    def test_an_object_comes_whole_and_for_every_origin(self) -> None:
        with self.get("assets/a1/j1/index.m3u8") as answer:
            self.assertEqual(answer.read(), b"#EXTM3U\n")
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")

    def test_a_range_is_a_part(self) -> None:
        with self.get("assets/a1/j1/index.m3u8", Range="bytes=1-3") as answer:
            self.assertEqual((answer.status, answer.read()), (206, b"EXT"))

    def test_a_folder_is_a_page_that_plays(self) -> None:
        with self.get("assets/a1/j1/") as answer:
            page = answer.read().decode()
        self.assertIn('src="index.m3u8"', page)
        self.assertIn("manifest.mpd", page)

    def test_nothing_else_is_there(self) -> None:
        for path in ("assets/a1/j1/no.m4s", "jobs/j1/plan.json", ""):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.get(path)
            self.assertEqual(caught.exception.code, 404, path)
            caught.exception.close()


if __name__ == "__main__":
    unittest.main()
