// A registry of devices as a subgraph: what a company knows of its devices, whichever vendor updates them.
// `node devices.mjs [DEVICES.json]`; PORT is 4001 unless set.
import { readFileSync } from 'node:fs';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';

const file = process.argv[2] ?? new URL('devices.json', import.meta.url);
const devices = JSON.parse(readFileSync(file, 'utf8'));
const byUrn = new Map(devices.map((device) => [device.urn, device]));

const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])

  type Query {
    "All devices, or those of a site."
    registeredDevices(site: String): [Device!]!
    registeredDevice(urn: String!): Device
  }

  "A device as its owner knows it."
  type Device @key(fields: "urn") {
    "backend/name or backend/productKey/name, each part percent-encoded: the OTA gateway's word for it."
    urn: String!
    label: String!
    site: String!
    owner: String!
    "Its updates, which the OTA gateway tells. Nullable, so that a device which no vendor updates is null alone."
    ota: OtaDevice
  }

  "The OTA gateway's device, with what the registry adds to it."
  type OtaDevice @key(fields: "urn") {
    urn: String!
    "What the registry knows of it; null for a device that it does not know."
    registered: Device
  }
`);

const resolvers = {
  Query: {
    registeredDevices: (_, { site }) => devices.filter((device) => site == null || device.site === site),
    registeredDevice: (_, { urn }) => byUrn.get(urn),
  },
  Device: {
    __resolveReference: ({ urn }) => byUrn.get(urn),
    ota: ({ urn }) => ({ urn }),
  },
  OtaDevice: {
    __resolveReference: ({ urn }) => ({ urn }),
    registered: ({ urn }) => byUrn.get(urn),
  },
};

const server = new ApolloServer({ schema: buildSubgraphSchema({ typeDefs, resolvers }) });
const { url } = await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT ?? 4001) },
});
console.log(`${devices.length} devices at ${url}`);
