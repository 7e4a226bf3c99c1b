"""The time of day jumps at one facility or at all: nothing that was said changes, and work goes on. Agreement never depends on time; a
block's time only has to be near the clocks of a quorum."""
import os
import unittest

import schedule

HOUR_NS = 3600 * 10**9
YEAR_NS = 365 * 24 * HOUR_NS


class Clocks(unittest.TestCase):
    def run_with_clocks(self):
        seed = schedule.seeded(os.environ)
        print(f"clock: ROTA_SEED={seed}", flush=True)
        return schedule.Run("clock", seed, worlds=True)

    # PROTOCOL N3: a block whose time is too far ahead gets no first vote, so its primary is replaced; T6: timers do not follow the time of day
    def test_one_clock_jumps_and_the_others_go_on(self):
        with self.run_with_clocks() as one:
            net, victim = one.net, None
            for jump in one.draw.sample([HOUR_NS, -HOUR_NS, 10 * YEAR_NS, -10 * YEAR_NS], 3):
                witness = next(name for name in net.names if name != victim)  # the last victim may still be starting
                victim = net.status(witness)["primary"] if one.draw.random() < 0.7 else one.draw.choice(net.names)
                one.progress(10)
                net.world[victim].set(clock_offset_ns=jump)
                one.progress(40)
                if one.draw.random() < 0.5:
                    net.kill(victim)
                    net.start(victim)
                one.progress(10)
                net.world[victim].good()
            one.finish()
            one.judge()

    # PROTOCOL N3: the least time after the parent's is timely by any clock
    def test_all_clocks_go_back_and_the_times_of_blocks_do_not(self):
        with self.run_with_clocks() as one:
            for jump in (-HOUR_NS, 0):
                one.progress(20)
                for name in one.net.names:
                    one.net.world[name].set(clock_offset_ns=jump)
            one.progress(20)
            one.finish()
            one.judge()


if __name__ == "__main__":
    unittest.main()
