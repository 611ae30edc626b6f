"""The way to the community service: a channel that retries what is safe, and errors taken apart."""

import dataclasses
import datetime
import pathlib
from typing import Optional

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

SERVICE_CONFIG = pathlib.Path(__file__).parents[3] / "proto" / "service_config.json"


class _Token(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sends a bearer token with every call; gRPC's own credentials need TLS."""

    def __init__(self, token: str):
        self._entry = ("authorization", f"Bearer {token}")

    def _with_token(self, details):
        return details._replace(metadata=[*(details.metadata or []), self._entry])

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(self._with_token(details), request)

    def intercept_unary_stream(self, continuation, details, request):
        return continuation(self._with_token(details), request)


def channel(
    addresses: list[str],
    token: Optional[str] = None,
    credentials: Optional[grpc.ChannelCredentials] = None,
    authority: str = "community-svc",
) -> grpc.Channel:
    """Connects to replicas, named by IPv4 address and port. Without credentials it is in the
    clear: for one machine alone. With them, `authority` is the name in the certificate."""
    target = "ipv4:" + ",".join(addresses)
    options = [
        ("grpc.service_config", SERVICE_CONFIG.read_text()),
        # Else it would be the whole list, which is no valid HTTP/2 authority.
        ("grpc.default_authority", authority),
    ]
    if credentials is None:
        made = grpc.insecure_channel(target, options)
    else:
        made = grpc.secure_channel(target, credentials, options)
    return grpc.intercept_channel(made, _Token(token)) if token else made


@dataclasses.dataclass(frozen=True)
class Failure:
    """What a failed call tells a program."""

    code: grpc.StatusCode
    # None: not the service's error. The connection was lost; a write may have happened.
    reason: Optional[str] = None
    # Paths of the fields that are at fault.
    fields: tuple[str, ...] = ()
    # When calling again can succeed.
    retry_delay: Optional[datetime.timedelta] = None
    # Where the reason is explained.
    help: Optional[str] = None

    @classmethod
    def of(cls, error: grpc.RpcError) -> "Failure":
        """Takes an error apart."""
        found = {}
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            for kind in (
                error_details_pb2.ErrorInfo,
                error_details_pb2.BadRequest,
                error_details_pb2.RetryInfo,
                error_details_pb2.Help,
            ):
                message = kind()
                if detail.Unpack(message):
                    found[kind] = message
        info = found.get(error_details_pb2.ErrorInfo)
        bad = found.get(error_details_pb2.BadRequest)
        retry = found.get(error_details_pb2.RetryInfo)
        links = found.get(error_details_pb2.Help)
        return cls(
            code=error.code(),
            reason=info.reason if info and info.domain == "community.v1" else None,
            fields=tuple(violation.field for violation in bad.field_violations) if bad else (),
            retry_delay=retry.retry_delay.ToTimedelta() if retry else None,
            help=links.links[0].url if links else None,
        )
