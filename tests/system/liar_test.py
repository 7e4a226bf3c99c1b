"""One facility of four lies: its node is the product's own, with a layer that tells some of the others something else (liar/liar.c). The others
never disagree, they prove what it did, and the proof is in the ledger soon."""
import os
import re
import time
import unittest

import schedule
from facilities import BIN, NAMES, Network

SOON_S = 2  # from the lie to the proof in every correct facility's ledger


class Liars(unittest.TestCase):
    def proofs(self, net, names, liar):
        """Heights of the evidence against the liar, when all of these have it; evidence against anybody else fails the test."""
        found = []
        for name in names:
            anomalies = net.get(name, "/v1/anomalies").json()["anomalies"]
            self.assertEqual([a for a in anomalies if liar not in a["text"]], [])
            found.append([a["height"] for a in anomalies])
        return found[0] if all(found) else []

    # PROTOCOL T2, V1: one suspicion moves nobody
    def suspected(self, net, correct, view):
        """The first, to whom nothing is said any more, tells the others that the primary of this view is silent."""
        word = re.compile(rf"ev=suspect by={correct[0]} view={view} reason=silent-primary")
        for name in correct[1:]:
            net.until(lambda n=name: word.search(net.log(n)), 30, f"{name} hears that {correct[0]} suspects the primary")

    def run_with_a_liar(self, lie, leads=True, proof=True):
        """Each of the four could lie; the one that leads does, or another one."""
        seed = schedule.seeded(os.environ)
        print(f"liar: ROTA_SEED={seed}", flush=True)
        with schedule.Run("liar", seed, liars=NAMES) as one:
            net = one.net
            one.progress(20)
            status = net.status(NAMES[0])
            primary = status["primary"]
            liar = primary if leads else one.draw.choice([name for name in NAMES if name != primary])
            correct = [name for name in NAMES if name != liar]
            for client in one.writers + one.readers:
                client.through = correct
            begun = time.monotonic()
            net.lie(liar, lie)
            if proof:
                net.until(lambda: self.proofs(net, correct, liar), 30, f"{correct} hold a proof against {liar}")
                seconds = time.monotonic() - begun
                print(f"liar: {lie}: the proof was in every correct ledger after {seconds:.2f} s", flush=True)
                self.assertLess(seconds, SOON_S)
            else:
                self.suspected(net, correct, status["view"])
            one.progress(60)
            net.lie(liar, None)
            one.finish(accused=liar)
            one.judge()

    # PROTOCOL N2, E2: of two proposals for one height the first stays, and the two are evidence
    def test_a_primary_that_proposes_two_blocks_to_everybody(self):
        self.run_with_a_liar("both")

    # PROTOCOL N9, E3: whoever hears something else of the same member holds the proof
    def test_a_primary_that_tells_two_stories(self):
        self.run_with_a_liar("equivocate")

    # PROTOCOL E9: what is wrong by the bytes of one entry alone convicts who proposed it, and nobody whom it names
    def test_a_primary_that_proposes_what_is_no_proposal(self):
        self.run_with_a_liar("false-text")

    def test_a_primary_that_proposes_what_its_coordinator_did_not_sign(self):
        self.run_with_a_liar("false-signature")

    def test_a_primary_that_proposes_false_evidence_against_another(self):
        self.run_with_a_liar("false-proof")

    def test_votes_for_two_things(self):
        self.run_with_a_liar("double-vote", leads=False)

    def test_a_primary_that_one_facility_never_hears(self):
        self.run_with_a_liar("mute", proof=False)

    # PROTOCOL C4, C6: a body is not the header's: that says nothing of the block, which comes from the others
    def test_a_primary_that_sends_one_facility_other_bodies(self):
        with schedule.Run("liar", schedule.seeded(os.environ), liars=NAMES) as one:
            net = one.net
            one.progress(20)
            liar = net.status(NAMES[0])["primary"]
            correct = [name for name in NAMES if name != liar]
            for client in one.writers + one.readers:
                client.through = correct
            net.lie(liar, "foreign-body")
            one.progress(60)
            for name in correct:
                self.assertNotIn("ev=invalid-block", net.log(name))
                net.until(lambda n=name: net.status(n)["mode"] == "active", 10, f"{name} votes")
                self.assertEqual(net.get(name, "/v1/anomalies").json()["anomalies"], [])
            net.lie(liar, None)
            one.finish()
            one.judge()

    # PROTOCOL E8: operators are told, nobody is accused, and it is over when it is over
    def test_a_facility_that_names_another_ledger_is_shown_and_accused_of_nothing(self):
        with schedule.Run("liar", schedule.seeded(os.environ), liars=NAMES) as one:
            net = one.net
            one.progress(10)
            net.lie("delta", "other-ledger")
            correct = [name for name in NAMES if name != "delta"]

            def shown(name):
                return [each["facility"] for each in net.status(name)["divergence"]]
            for name in correct:
                net.until(lambda n=name: shown(n) == ["delta"], 10, f"{name} shows that delta differs")
                self.assertIn('rota_divergence{peer="delta"} 1', net.get(name, "/metrics").body.decode())
                self.assertIn("ev=divergence member=delta", net.log(name))
            self.assertEqual(shown("delta"), [])
            one.progress(20)
            net.lie("delta", None)
            for name in correct:
                net.until(lambda n=name: shown(n) == [], 10, f"{name} shows nothing any more")
                anomalies = net.get(name, "/v1/anomalies").json()
                self.assertEqual((anomalies["anomalies"], anomalies["divergence"]), ([], []))
            one.finish()
            one.judge()

    def is_stopped(self, net, name):
        status = net.status(name)
        return status["mode"] == "halted" and "tolerates no liar" in status["not_voting"]

    # PROTOCOL P4: who has met the proof votes no more, in this life and in the next
    def test_a_liar_stops_the_crash_profile_for_good(self):
        names = NAMES[:3]
        net = Network(names=names, liars=names, profile="crash")
        try:
            net.start()
            net.ready()
            primary = net.status(names[0])["primary"]
            others = [name for name in names if name != primary]
            jws = net.signed("alpha", 40)
            self.assertEqual(net.post(others[0], jws.pop(), wait=20).status, 201)
            net.lie(primary, "both")

            def stopped():
                if jws:
                    net.post(others[0], jws.pop())
                return all(self.is_stopped(net, name) for name in others)
            net.until(stopped, 30, f"{others} have met the proof")
            net.kill(*names)
            net.lie(primary, None)
            net.start()
            for name in others:
                net.until(lambda n=name: net.status(n), 20, f"{name} answers")
                self.assertTrue(self.is_stopped(net, name), f"{name} has forgotten why it stopped")
            net.close()
        finally:
            net.abandon()

    def test_the_products_node_has_nothing_of_it(self):
        self.assertNotIn(b"ROTA_LIES", (BIN / "rotad").read_bytes())
        self.assertIn(b"ROTA_LIES", (BIN / "rotad-liar").read_bytes())


if __name__ == "__main__":
    unittest.main()
