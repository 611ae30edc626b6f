// Reads a member, provokes two errors and sends a message.
//
//	go run . <service config> <address>[,<address>...] <member id>
//
// The token, where the service wants one, is in COMMUNITY_SVC_TOKEN.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	community "example.com/community/gen/community/v1"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("name the service config, addresses and a member")
	}
	token := os.Getenv("COMMUNITY_SVC_TOKEN")
	connection, err := Connect(os.Args[1], strings.Split(os.Args[2], ","), token, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	client := community.NewCommunityServiceClient(connection)
	ctx := context.Background()

	// Time-out and retries come from the service config.
	answer, err := client.GetMember(ctx, byID(os.Args[3]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("member", answer.Member.Username)

	if _, err := client.GetMember(ctx, byID("nobody0000")); err != nil {
		failure := FailureOf(err)
		fmt.Println("error", failure.Code, failure.Reason, failure.Help)
	}

	post := &community.CreatePostRequest{
		SpaceId: "a b",
		Title:   "Hello",
		Content: &community.CreatePostRequest_Text{Text: "World"},
	}
	if _, err := client.CreatePost(ctx, post); err != nil {
		failure := FailureOf(err)
		fmt.Println("error", failure.Code, failure.Reason, strings.Join(failure.Fields, ","))
	}

	message := &community.SendDirectMessageRequest{
		RecipientMemberId: os.Args[3],
		Content:           &community.SendDirectMessageRequest_Text{Text: "Hello from Go"},
	}
	sent, err := client.SendDirectMessage(ctx, message)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent", sent.DirectMessage.Id)
}

func byID(id string) *community.GetMemberRequest {
	return &community.GetMemberRequest{
		Identifier: &community.GetMemberRequest_MemberId{MemberId: id},
	}
}
