// Generated from proto/raft.proto by proto/generate.mjs. Do not edit.

export const DESCRIPTOR = {
  nested: {
    weir: {
      nested: {
        raft: {
          nested: {
            Entry: {
              fields: {
                index: {
                  type: 'uint64',
                  id: 1,
                },
                term: {
                  type: 'uint64',
                  id: 2,
                },
                kind: {
                  type: 'uint32',
                  id: 3,
                },
                data: {
                  type: 'bytes',
                  id: 4,
                },
              },
            },
            Entries: {
              fields: {
                entries: {
                  rule: 'repeated',
                  type: 'Entry',
                  id: 1,
                },
              },
            },
            HardState: {
              fields: {
                term: {
                  type: 'uint64',
                  id: 1,
                },
                vote: {
                  type: 'uint64',
                  id: 2,
                },
                commitIndex: {
                  type: 'uint64',
                  id: 3,
                  protoName: 'commit_index',
                },
                ackedTerm: {
                  type: 'uint64',
                  id: 4,
                  protoName: 'acked_term',
                },
                ackedIndex: {
                  type: 'uint64',
                  id: 5,
                  protoName: 'acked_index',
                },
              },
            },
            Member: {
              fields: {
                id: {
                  type: 'uint64',
                  id: 1,
                },
                directoryId: {
                  type: 'string',
                  id: 2,
                  protoName: 'directory_id',
                },
                address: {
                  type: 'string',
                  id: 3,
                },
              },
            },
            Membership: {
              fields: {
                voters: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 1,
                },
                outgoingVoters: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 2,
                  protoName: 'outgoing_voters',
                },
                learners: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 3,
                },
                nextLearners: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 4,
                  protoName: 'next_learners',
                },
                autoLeave: {
                  type: 'bool',
                  id: 5,
                  protoName: 'auto_leave',
                },
                members: {
                  rule: 'repeated',
                  type: 'Member',
                  id: 6,
                },
                retired: {
                  rule: 'repeated',
                  type: 'Member',
                  id: 7,
                },
              },
            },
            MemberChange: {
              fields: {
                kind: {
                  type: 'uint32',
                  id: 1,
                },
                member: {
                  type: 'Member',
                  id: 2,
                },
              },
            },
            ConfigChange: {
              fields: {
                changes: {
                  rule: 'repeated',
                  type: 'MemberChange',
                  id: 1,
                },
              },
            },
            Snapshot: {
              fields: {
                index: {
                  type: 'uint64',
                  id: 1,
                },
                term: {
                  type: 'uint64',
                  id: 2,
                },
                membership: {
                  type: 'Membership',
                  id: 3,
                },
                bytes: {
                  type: 'uint64',
                  id: 4,
                },
              },
            },
            Message: {
              fields: {
                type: {
                  type: 'uint32',
                  id: 1,
                },
                from: {
                  type: 'uint64',
                  id: 2,
                },
                to: {
                  type: 'uint64',
                  id: 3,
                },
                term: {
                  type: 'uint64',
                  id: 4,
                },
                index: {
                  type: 'uint64',
                  id: 5,
                },
                logTerm: {
                  type: 'uint64',
                  id: 6,
                  protoName: 'log_term',
                },
                entries: {
                  type: 'bytes',
                  id: 7,
                },
                commitIndex: {
                  type: 'uint64',
                  id: 8,
                  protoName: 'commit_index',
                },
                flag: {
                  type: 'bool',
                  id: 9,
                },
                isDamaged: {
                  type: 'bool',
                  id: 10,
                  protoName: 'is_damaged',
                },
                hintIndex: {
                  type: 'uint64',
                  id: 11,
                  protoName: 'hint_index',
                },
                hintTerm: {
                  type: 'uint64',
                  id: 12,
                  protoName: 'hint_term',
                },
                sequence: {
                  type: 'uint64',
                  id: 13,
                },
                snapshot: {
                  type: 'Snapshot',
                  id: 14,
                },
                offset: {
                  type: 'uint64',
                  id: 15,
                },
                data: {
                  type: 'bytes',
                  id: 16,
                },
              },
            },
            Hello: {
              fields: {
                version: {
                  type: 'uint32',
                  id: 1,
                },
                clusterId: {
                  type: 'string',
                  id: 2,
                  protoName: 'cluster_id',
                },
                nodeId: {
                  type: 'uint64',
                  id: 3,
                  protoName: 'node_id',
                },
                directoryId: {
                  type: 'string',
                  id: 4,
                  protoName: 'directory_id',
                },
                toNodeId: {
                  type: 'uint64',
                  id: 5,
                  protoName: 'to_node_id',
                },
                address: {
                  type: 'string',
                  id: 6,
                },
                voters: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 7,
                },
                processId: {
                  type: 'string',
                  id: 8,
                  protoName: 'process_id',
                },
              },
            },
            HelloReply: {
              fields: {
                refusal: {
                  type: 'string',
                  id: 1,
                },
                clusterId: {
                  type: 'string',
                  id: 2,
                  protoName: 'cluster_id',
                },
                nodeId: {
                  type: 'uint64',
                  id: 3,
                  protoName: 'node_id',
                },
                directoryId: {
                  type: 'string',
                  id: 4,
                  protoName: 'directory_id',
                },
                voters: {
                  rule: 'repeated',
                  type: 'uint64',
                  id: 5,
                },
                processId: {
                  type: 'string',
                  id: 6,
                  protoName: 'process_id',
                },
                refusalKind: {
                  type: 'string',
                  id: 7,
                  protoName: 'refusal_kind',
                },
              },
            },
            TransportRequest: {
              fields: {
                hello: {
                  type: 'Hello',
                  id: 1,
                },
                messages: {
                  rule: 'repeated',
                  type: 'bytes',
                  id: 2,
                },
                isPoll: {
                  type: 'bool',
                  id: 3,
                  protoName: 'is_poll',
                },
              },
            },
            TransportResponse: {
              fields: {
                hello: {
                  type: 'HelloReply',
                  id: 1,
                },
                messages: {
                  rule: 'repeated',
                  type: 'bytes',
                  id: 2,
                },
              },
            },
          },
        },
      },
    },
  },
}
