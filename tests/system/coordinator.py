"""A coordinator's key and signature from FORMATS alone, in plain Python: what a web application of another house would
write. Not for real keys: it takes its time, and how long it takes depends on the secret."""
import base64
import hashlib
import json

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = (3 * a[0] * a[0] * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def times(number, point=G):
    sum_ = None
    while number:
        if number & 1:
            sum_ = add(sum_, point)
        point = add(point, point)
        number >>= 1
    return sum_


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Coordinator:
    def __init__(self, label):
        self.label = label
        self.secret = int.from_bytes(hashlib.sha256(b"coordinator " + label.encode()).digest(), "big") % N
        x, y = times(self.secret)
        self.key = bytes([2 + y % 2]) + x.to_bytes(32, "big")
        self.kid = hashlib.sha256(self.key).digest()[:16].hex()

    def signature(self, message, high_s=False):
        digest = hashlib.sha256(message).digest()
        k = int.from_bytes(hashlib.sha256(self.secret.to_bytes(32, "big") + digest).digest(), "big") % N
        r = times(k)[0] % N
        s = pow(k, -1, N) * (int.from_bytes(digest, "big") + r * self.secret) % N
        s = min(s, N - s)
        return r.to_bytes(32, "big") + (N - s if high_s else s).to_bytes(32, "big")

    def public_line(self):
        """The line of a public key file, with its proof of possession."""
        label = self.label.encode()
        proof = b"rotaledger/v1/possession\n\x02" + len(label).to_bytes(2, "big") + label + self.key
        return f"rotapub1:coordinator:{self.label}:{b64(self.key)}:{b64(self.signature(proof))}\n"

    def sign(self, payload, high_s=False):
        """A compact JWS of these payload bytes, or of this object."""
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        header = json.dumps({"alg": "ES256K", "kid": self.kid, "typ": "rota-proposal+jws"}).encode()
        signed = f"{b64(header)}.{b64(payload)}"
        return f"{signed}.{b64(self.signature(signed.encode(), high_s))}".encode()


def proposal_id(jws):
    return hashlib.sha256(jws.rpartition(b".")[0]).hexdigest()
