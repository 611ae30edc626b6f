// The way to the community service: a connection that retries what is safe, and errors
// taken apart.
package main

import (
	"context"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
)

// Connect makes a connection to replicas, named by host and port. Without credentials it is
// in the clear: for one machine alone.
func Connect(serviceConfig string, addresses []string, token string, creds credentials.TransportCredentials) (*grpc.ClientConn, error) {
	config, err := os.ReadFile(serviceConfig)
	if err != nil {
		return nil, err
	}
	replicas := manual.NewBuilderWithScheme("replicas")
	var state resolver.State
	for _, address := range addresses {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	replicas.InitialState(state)
	encrypted := creds != nil
	if !encrypted {
		creds = insecure.NewCredentials()
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithResolvers(replicas),
		grpc.WithDefaultServiceConfig(string(config)),
	}
	if token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer{token, encrypted}))
	}
	return grpc.NewClient("replicas:///community-svc", options...)
}

// bearer sends a token with every call.
type bearer struct {
	token     string
	encrypted bool
}

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

func (b bearer) RequireTransportSecurity() bool { return b.encrypted }

// Failure is what a failed call tells a program.
type Failure struct {
	Code codes.Code
	// Empty: not the service's error. The connection was lost; a write may have happened.
	Reason string
	// Paths of the fields that are at fault.
	Fields []string
	// When calling again can succeed; zero when nobody knows.
	RetryDelay time.Duration
	// Where the reason is explained.
	Help string
}

// FailureOf takes an error apart.
func FailureOf(err error) Failure {
	answer := status.Convert(err)
	failure := Failure{Code: answer.Code()}
	for _, detail := range answer.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == "community.v1" {
				failure.Reason = detail.Reason
			}
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				failure.Fields = append(failure.Fields, violation.Field)
			}
		case *errdetails.RetryInfo:
			failure.RetryDelay = detail.RetryDelay.AsDuration()
		case *errdetails.Help:
			if len(detail.Links) > 0 {
				failure.Help = detail.Links[0].Url
			}
		}
	}
	return failure
}
