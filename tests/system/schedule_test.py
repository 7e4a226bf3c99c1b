"""Facilities that are stopped, cut off, deafened and killed under load: what clients were told stays true, nobody speaks twice, and
when it is over everybody comes to one ledger. ROTA_SEED runs the same schedules again, ROTA_SCHEDULES makes more of the mixed ones."""
import contextlib
import io
import os
import shutil
import unittest

import faults
import schedule

SCHEDULES = int(os.environ.get("ROTA_SCHEDULES", "1"))


class Schedules(unittest.TestCase):
    def setUp(self):
        self.seed = schedule.seeded(os.environ)

    def test_who_stood_still_goes_on_without_a_stale_or_second_word(self):
        schedule.run(self.seed, 4, [faults.Freeze])

    # its writers would wait for an answer for ever, and the tests behind it for them
    def test_a_run_that_fails_ends_although_nobody_answers(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), self.assertRaises(ZeroDivisionError), schedule.Run("schedule", self.seed) as one:
            one.progress(10)
            one.net.kill(*one.net.names)
            raise ZeroDivisionError
        self.assertEqual([client.name for client in one.writers + one.readers if client.is_alive()], [])
        self.assertIn(f"everything is kept in {one.net.dir}", said.getvalue())
        shutil.rmtree(one.net.dir)

    def test_cut_off_and_deaf(self):
        schedule.run(self.seed, 5, [faults.Partition, faults.Deaf])

    def test_everything_in_any_order(self):
        for number in range(SCHEDULES):
            with self.subTest(seed=self.seed + number):
                schedule.run(self.seed + number, 10)


if __name__ == "__main__":
    unittest.main()
