"""Certificates for tests: an authority, and what it signs."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass
class Signed:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def shown(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """A client's context that shows it."""
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass
class Authority:
    """Signs certificates, and keeps them in `folder`."""

    folder: Path
    name: str = "authority"
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        self.file = self.folder / f"{self.name}.pem"
        builder = _builder(self.name, self.name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def server(self) -> Signed:
        """A server's, for 127.0.0.1 and localhost."""
        names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
        return self._sign("server", names, ExtendedKeyUsageOID.SERVER_AUTH)

    def client(
        self, common_name: str, *, dns: str | None = None, uri: str | None = None, ended: bool = False
    ) -> Signed:
        """A client's."""
        names: list[x509.GeneralName] = [x509.DNSName(dns)] if dns else []
        names += [x509.UniformResourceIdentifier(uri)] if uri else []
        return self._sign(common_name, names, ExtendedKeyUsageOID.CLIENT_AUTH, ended=ended)

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts it."""
        return ssl.create_default_context(cafile=self.file)

    def _sign(
        self, name: str, names: list[x509.GeneralName], usage: x509.ObjectIdentifier, *, ended: bool = False
    ) -> Signed:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self.name, key, ended=ended).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        made = Signed(self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key")
        made.certificate.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made


def _builder(
    subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, *, ended: bool = False
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=-1 if ended else 1))
    )
