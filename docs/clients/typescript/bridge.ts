// The way to the community service: a client that retries what is safe, and errors taken apart.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as grpc from '@grpc/grpc-js'
import * as protoLoader from '@grpc/proto-loader'
import * as protobuf from 'protobufjs'

import type { ProtoGrpcType } from './gen/community_service'
import type { CommunityServiceClient } from './gen/community/v1/CommunityService'

/// `protos` is the folder with `community/v1` and `service_config.json`. Replicas are named by
/// IPv4 address and port. Without credentials it is in the clear: for one machine alone.
export function connect(
  protos: string,
  addresses: string[],
  token?: string,
  credentials = grpc.credentials.createInsecure(),
): CommunityServiceClient {
  const definition = protoLoader.loadSync('community/v1/community_service.proto', {
    includeDirs: [protos],
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  })
  const loaded = grpc.loadPackageDefinition(definition) as unknown as ProtoGrpcType
  return new loaded.community.v1.CommunityService(`ipv4:${addresses.join(',')}`, credentials, {
    'grpc.service_config': readFileSync(join(protos, 'service_config.json'), 'utf8'),
    interceptors: token ? [withToken(token)] : [],
  })
}

/// gRPC's own credentials need TLS.
function withToken(token: string): grpc.Interceptor {
  return (options, nextCall) =>
    new grpc.InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`)
        next(metadata, listener)
      },
    })
}

/// A call as a promise.
export function call<Request, Answer>(
  method: (
    request: Request,
    done: (error: grpc.ServiceError | null, answer?: Answer) => void,
  ) => grpc.ClientUnaryCall,
  request: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) =>
    method(request, (error, answer) => (error ? reject(error) : resolve(answer as Answer))),
  )
}

/// What a failed call tells a program.
export interface Failure {
  code: string
  /// Undefined: not the service's error. The connection was lost; a write may have happened.
  reason?: string
  /// Paths of the fields that are at fault.
  fields: string[]
  /// When calling again can succeed.
  retryDelayMs?: number
  /// Where the reason is explained.
  help?: string
}

// The parts of google/rpc/status.proto and error_details.proto that are used here.
const DETAILS = protobuf.parse(`
  syntax = "proto3";
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
  message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
  message BadRequest { repeated Violation field_violations = 1; }
  message Violation { string field = 1; string description = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message Help { repeated Link links = 1; }
  message Link { string description = 1; string url = 2; }
`, { keepCase: true }).root

/// Takes an error apart.
export function failureOf(error: grpc.ServiceError): Failure {
  const failure: Failure = { code: grpc.status[error.code] ?? String(error.code), fields: [] }
  const [encoded] = error.metadata.get('grpc-status-details-bin')
  if (!(encoded instanceof Buffer)) return failure
  for (const { type_url, value } of decode('Status', encoded).details) {
    const kind = type_url.split('google.rpc.')[1]
    if (kind === 'ErrorInfo') {
      const info = decode(kind, value)
      if (info.domain === 'community.v1') failure.reason = info.reason
    } else if (kind === 'BadRequest') {
      failure.fields = decode(kind, value).field_violations.map((bad: { field: string }) => bad.field)
    } else if (kind === 'RetryInfo') {
      const { seconds, nanos } = decode(kind, value).retry_delay
      failure.retryDelayMs = Number(seconds) * 1000 + nanos / 1e6
    } else if (kind === 'Help') {
      failure.help = decode(kind, value).links[0]?.url
    }
  }
  return failure
}

function decode(name: string, bytes: Uint8Array): any {
  return DETAILS.lookupType(name).decode(bytes)
}
