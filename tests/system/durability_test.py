"""Nothing that was answered "committed" is ever lost, whoever is killed at whatever moment."""
import os
import unittest

import faults
import schedule

KILLS = int(os.environ.get("ROTA_KILLS", "20"))


class Durability(unittest.TestCase):
    # PROTOCOL D2, D3: what was answered had been made durable first, and nothing else was said
    def test_kills_at_random_moments_lose_nothing(self):
        seed = schedule.seeded(os.environ)
        print(f"durability: ROTA_SEED={seed}", flush=True)
        with schedule.Run("durability", seed) as one:
            one.chaos(KILLS, [faults.Kill])
            one.finish()
            one.judge()


if __name__ == "__main__":
    unittest.main()
