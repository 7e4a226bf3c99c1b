"""The time of day jumps at one facility or at all: nothing that was said changes, and work goes on. Agreement never depends on time; a
block's time only has to be near the clocks of a quorum."""
import os
import unittest

import schedule

HOUR_NS = 3600 * 10**9
YEAR_NS = 365 * 24 * HOUR_NS
NEAR_MS = 60000


class Clocks(unittest.TestCase):
    def run_with_clocks(self):
        seed = schedule.seeded(os.environ)
        print(f"clock: ROTA_SEED={seed}", flush=True)
        return schedule.Run("clock", seed, worlds=True)

    def turn_clock(self, net, witness, name, jump):
        """This facility's clock jumps; the witness measures it."""
        def measured():
            peers = {peer["facility"]: peer["clock_offset_ms"] for peer in net.status(witness)["peers"]}
            return abs(peers[name] - jump // 10**6) < NEAR_MS
        net.world[name].set(clock_offset_ns=jump)
        net.until(measured, 30, f"{witness} sees that the clock of {name} is {jump // 10**9} s ahead")

    # PROTOCOL N3: a block whose time is too far ahead gets no first vote, so its primary is replaced; A1, T11: no timer follows the time of day
    def test_one_clock_jumps_and_the_others_go_on(self):
        with self.run_with_clocks() as one:
            net, victim = one.net, None
            for jump in one.draw.sample([HOUR_NS, -HOUR_NS, 10 * YEAR_NS, -10 * YEAR_NS], 3):
                one.progress(10)
                up = [name for name in net.names if name != victim]  # the last victim may still be starting
                primary = net.status(up[0])["primary"]
                victim = primary if jump > 0 or one.draw.random() < 0.5 else one.draw.choice(net.names)
                witness = next(name for name in up if name != victim)
                self.turn_clock(net, witness, victim, jump)
                if jump > 0:
                    net.until(lambda n=witness, v=victim: net.status(n)["primary"] != v, 30, f"{victim} leads no more, whose clock is ahead")
                one.progress(40)
                if one.draw.random() < 0.5:
                    net.kill(victim)
                    net.start(victim)
                one.progress(10)
                net.world[victim].good()
            one.finish()
            one.judge()

    def newest(self, net):
        """Height and time of the newest block."""
        height = net.status(net.names[0])["height"]
        return height, net.get(net.names[0], f"/v1/blocks/{height}").json()["time_ms"]

    # PROTOCOL N3: the least time after the parent's is timely by any clock
    def test_all_clocks_go_back_and_the_times_of_blocks_do_not(self):
        with self.run_with_clocks() as one:
            net = one.net
            one.progress(20)
            for name in net.names:
                net.world[name].set(clock_offset_ns=-HOUR_NS)
            one.progress(20)
            height, time_ms = self.newest(net)
            one.progress(20)
            later, later_ms = self.newest(net)
            self.assertGreater(later, height)
            self.assertEqual(later_ms - time_ms, later - height, "each block is a millisecond later than the one below")
            for name in net.names:
                net.world[name].good()
            one.progress(20)
            one.finish()
            one.judge()


if __name__ == "__main__":
    unittest.main()
