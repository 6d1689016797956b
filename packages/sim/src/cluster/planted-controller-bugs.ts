// Rules of the controller, broken on purpose (docs/cluster-simulation.md). The production code has no switches.

import { BrokerControl, EffectiveSettings, ReassignmentControl } from '@weir/controller/internals'
import { bug, type PlantedClusterBug, patch } from './planting.ts'

export const CONTROLLER_BUGS: readonly PlantedClusterBug[] = [
  bug('R12', 'unclean-elections', 'anybody is elected when nobody who may is alive', () =>
    patch(EffectiveSettings.prototype, 'uncleanElection', () => true),
  ),
  bug(
    'R13',
    'crash-is-clean',
    'a broker that crashed is taken for one that stopped in order',
    () => {
      const { register } = BrokerControl.prototype
      return patch(
        BrokerControl.prototype,
        'register',
        function (this: BrokerControl, registration, recordOffset, nowMs) {
          const decision = register.call(this, registration, recordOffset, nowMs)
          const records = decision.records.map(record =>
            record.kind === 'registerBroker' ? { ...record, isSuspect: false } : record,
          )
          return { ...decision, records }
        },
      )
    },
  ),
  bug(
    'R15',
    'stops-at-once',
    'a broker that wants to stop may do so before its leaders are moved',
    () => {
      const { heartbeat } = BrokerControl.prototype
      return patch(
        BrokerControl.prototype,
        'heartbeat',
        function (this: BrokerControl, request, nowMs, recordOffset) {
          const { wantShutDown } = request
          const asked = { ...request, wantShutDown: false }
          const decision = heartbeat.call(this, asked, nowMs, recordOffset)
          if (!wantShutDown) return decision
          return { ...decision, response: { ...decision.response, shouldShutDown: true } }
        },
      )
    },
  ),
  bug('R19', 'assigned-is-in-sync', 'replicas that are moved count as in sync at once', () => {
    const { alterReassignments } = ReassignmentControl.prototype
    return patch(
      ReassignmentControl.prototype,
      'alterReassignments',
      function (this: ReassignmentControl, wanted, allowFactorChange) {
        const decision = alterReassignments.call(this, wanted, allowFactorChange)
        const records = decision.records.map(record =>
          record.kind === 'partitionChange' && (record.addingReplicas ?? []).length > 0
            ? { ...record, isr: record.replicas }
            : record,
        )
        return { ...decision, records }
      },
    )
  }),
]
