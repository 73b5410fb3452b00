"""Opens what the service has sealed. The service itself never does, as nothing reads it yet."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def unsealed(sealed: bytes, secret: bytes) -> str:
    """By the construction that stored rows rely on. Raises InvalidTag."""
    info = b"takeback text v1"
    key = HKDF(SHA256(), length=32, salt=None, info=info).derive(secret)
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], None).decode()
