export {
  BrokerSettings,
  brokerChangeProblem,
  isDefault,
  type SettingLayers,
  settingProblem,
} from './broker-settings.ts'
export {
  BROKER_AREAS,
  type BrokerKey,
  type BrokerValue,
  brokerRow,
  brokerRows,
  brokerSynonyms,
  isBrokerKey,
} from './broker-table.ts'
export { connectionOverrides } from './checks.ts'
export {
  CONFIG_SOURCE_CODES,
  type ConfigEntry,
  type ConfigSource,
  type ConfigSynonym,
  documentationOf,
  settingTypeCode,
} from './config-entry.ts'
export { CONFIG_RESOURCES, type SettingRules, settingRules } from './config-rules.ts'
export {
  allGroupRows,
  describeGroupConfig,
  type GroupKey,
  groupConfigProblem,
  groupRow,
  groupText,
  groupValue,
} from './group-settings.ts'
export {
  dataDirectories,
  httpListen,
  type ListenerAddress,
  type NodeListeners,
  nodeListeners,
  parseListener,
  parseVoter,
  quorumVoters,
  securityProtocolOf,
  type Voter,
} from './listeners.ts'
export { type LoadedSettings, loadSettings, type SettingSources, variableOf } from './load.ts'
export { type Property, parseProperties } from './properties.ts'
export {
  allTopicRows,
  describeTopicConfig,
  isTopicList,
  type TopicConfig,
  type TopicKey,
  topicConfig,
  topicConfigProblem,
  topicRow,
  topicText,
} from './topic-settings.ts'
