"""Reads a member, provokes two errors and sends a message.

example.py <address>[,<address>...] <member id>; the token, where the service wants one, is in
COMMUNITY_SVC_TOKEN.
"""

import os
import sys

import grpc

from bridge import Failure, channel
from community.v1 import community_service_pb2 as api
from community.v1 import community_service_pb2_grpc


def main(addresses: str, member_id: str) -> None:
    with channel(addresses.split(","), os.environ.get("COMMUNITY_SVC_TOKEN")) as made:
        community = community_service_pb2_grpc.CommunityServiceStub(made)

        # Time-out and retries come from the service config.
        answer = community.GetMember(api.GetMemberRequest(member_id=member_id))
        print(f"member {answer.member.username}")

        try:
            community.GetMember(api.GetMemberRequest(member_id="nobody0000"))
        except grpc.RpcError as error:
            failure = Failure.of(error)
            print(f"error {failure.code.name} {failure.reason} {failure.help}")

        try:
            community.CreatePost(api.CreatePostRequest(space_id="a b", title="Hello", text="World"))
        except grpc.RpcError as error:
            failure = Failure.of(error)
            print(f"error {failure.code.name} {failure.reason} {','.join(failure.fields)}")

        sent = community.SendDirectMessage(
            api.SendDirectMessageRequest(recipient_member_id=member_id, text="Hello from Python")
        )
        print(f"sent {sent.direct_message.id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
