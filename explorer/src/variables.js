// Values for an example's variables, taken from what the gateway serves: of the objects there are, the first that allows
// what the example does. Where there is none, or the gateway does not say, the name of what is wanted stands there.
import { parse } from 'graphql';
import draft from '../lookups/draft.graphql?raw';
import execution from '../lookups/execution.graphql?raw';
import package_ from '../lookups/package.graphql?raw';
import task from '../lookups/task.graphql?raw';

// What must be allowed to an object, by the field that is to be asked of it.
const WANTED = {
  cancelDeviceUpgrade: 'CANCEL_EXECUTION',
  cancelOtaTask: 'CANCEL_TASK',
  confirmOtaTask: 'CONFIRM_TASK',
  deleteJobExecution: 'DELETE_EXECUTION',
  deleteOtaPackage: 'DELETE_PACKAGE',
  deleteOtaTask: 'DELETE_TASK',
  retryOtaTask: 'RETRY_TASK',
  updateOtaTask: 'UPDATE_TASK',
};
const WATCHED = ['taskUpdated', 'executionUpdated'];

const executionsOf = (data) => data.tasks.nodes.flatMap(({ executions }) => executions.nodes);

const FINDERS = {
  task: {
    document: task,
    values(data, field) {
      const tasks = data.tasks.nodes;
      const running = tasks.find(({ status }) => status === 'IN_PROGRESS');
      const found = (WATCHED.includes(field) && running) || allowing(tasks, field);
      return found && { task: found.id };
    },
  },
  execution: {
    document: execution,
    values(data, field) {
      const found = allowing(executionsOf(data), field);
      return found && { execution: found.id };
    },
  },
  package: {
    document: package_,
    values(data, field) {
      const found = allowing(data.packages.nodes, field);
      return found && { package: found.id };
    },
  },
  device: {
    document: execution,
    values(data) {
      const device = executionsOf(data)[0]?.device;
      return device && { backend: device.backend.name, device: device.name, productKey: device.productKey };
    },
  },
  targets: {
    document: draft,
    values(data) {
      const models = data.tasks.nodes.filter((one) => one.package !== null && one.executions.nodes.length > 0);
      if (models.length === 0) return undefined;
      // A vendor that takes many devices at once is likely to take them by their names.
      const [model] = models.sort((one, other) => takenAtOnce(other) - takenAtOnce(one));
      const devices = model.executions.nodes.map(({ device }) => device);
      return {
        backend: model.backend.name,
        package: model.package.id,
        targets: devices.map(({ name }) => name),
        productKey: devices[0].productKey,
      };
    },
  },
};

function takenAtOnce({ backend }) {
  return backend.capabilities.find(({ operation }) => operation === 'CREATE_TASK')?.maxTargets ?? 0;
}

function allowing(objects, field) {
  const allows = ({ allowedOperations }) =>
    allowedOperations.some((one) => one.operation === WANTED[field] && one.allowed && !one.needsForce);
  return objects.find(allows) ?? objects[0];
}

/** The variables of an example's text, as JSON. `ask` sends a document to the gateway and gives its data. */
export async function variablesFor(text, ask) {
  const [operation] = parse(text).definitions;
  const names = operation.variableDefinitions.filter((one) => !one.defaultValue).map((one) => one.variable.name.value);
  if (names.length === 0) return '';
  const field = operation.selectionSet.selections[0].name.value;
  const found = await foundBy(FINDERS[names.find((name) => name in FINDERS && name !== 'package') ?? 'package'], field, ask);
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, found[name] ?? missing(name)])), null, 2);
}

async function foundBy({ document, values }, field, ask) {
  try {
    return values(await ask(document), field) ?? {};
  } catch {
    return {};
  }
}

function missing(name) {
  if (name === 'productKey') return null;
  return name === 'targets' ? [] : `the ${name}`;
}
