"""Facilities that are stopped, cut off, deafened and killed under load: what clients were told stays true, nobody speaks twice, and
when it is over everybody comes to one ledger. ROTA_SEED runs the same schedules again, ROTA_SCHEDULES makes more of the mixed ones."""
import os
import unittest

import faults
import schedule

SCHEDULES = int(os.environ.get("ROTA_SCHEDULES", "1"))


class Schedules(unittest.TestCase):
    def setUp(self):
        self.seed = schedule.seeded(os.environ)

    def test_who_stood_still_goes_on_without_a_stale_or_second_word(self):
        schedule.run(self.seed, 4, [faults.Freeze])

    def test_cut_off_and_deaf(self):
        schedule.run(self.seed, 5, [faults.Partition, faults.Deaf])

    def test_everything_in_any_order(self):
        for number in range(SCHEDULES):
            with self.subTest(seed=self.seed + number):
                schedule.run(self.seed + number, 10)


if __name__ == "__main__":
    unittest.main()
