// The APIs that this node serves: one row each, in the order of their keys. ApiVersions answers from
// this table and dispatch.ts looks requests up in it; nothing else lists them.
//
// A row: row(fetchApi, handleFetch, { errorResponse }). Add yours in its place.

import {
  deleteRecordsApi,
  describeProducersApi,
  fetchApi,
  initProducerIdApi,
  listOffsetsApi,
  offsetForLeaderEpochApi,
  produceApi,
} from '@weir/protocol'
import { handleDeleteRecords } from '../handlers/delete-records.ts'
import { handleDescribeProducers } from '../handlers/describe-producers.ts'
import { fetchErrorResponse, handleFetch } from '../handlers/fetch.ts'
import { handleInitProducerId } from '../handlers/init-producer-id.ts'
import { handleListOffsets } from '../handlers/list-offsets.ts'
import { handleOffsetForLeaderEpoch } from '../handlers/offset-for-leader-epoch.ts'
import { handleProduce, produceErrorResponse } from '../handlers/produce.ts'
import { type ApiRow, row } from './api-row.ts'

export const API_ROWS: readonly ApiRow[] = [
  row(produceApi, handleProduce, {
    advertisedMinVersion: 0,
    overlaps: true,
    errorResponse: produceErrorResponse,
  }),
  row(fetchApi, handleFetch, { errorResponse: fetchErrorResponse }),
  row(listOffsetsApi, handleListOffsets),
  row(deleteRecordsApi, handleDeleteRecords),
  row(initProducerIdApi, handleInitProducerId),
  row(offsetForLeaderEpochApi, handleOffsetForLeaderEpoch),
  row(describeProducersApi, handleDescribeProducers),
]
