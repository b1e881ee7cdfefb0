import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { problems } from '../../src/contract/problem.ts';

/** A request as it goes over the wire, and what has to come back. */
export type Shot = {
  what: string;
  method: string;
  /** Path and query, encoded. */
  path: string;
  body?: string | Buffer | undefined;
  headers?: Record<string, string | string[]>;
  /** The statuses that are right; without them, whatever is no fault of the server's. */
  statuses?: readonly number[];
  /** Where the fault is, as one of the answer's `errors` has to say: there or within. */
  pointer?: string;
  /** An answer that names what the field belongs to will do, such as the lines for the id of one. */
  orAround?: boolean;
  /** Where the element stands that is answered by itself, if the request as a whole is right. */
  element?: string | undefined;
};

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string };
export type Gun = {
  /** How many requests went out. */
  sent: number;
  /** Sends all, and gives back what was wrong with the answers. */
  fire(shots: Shot[], token: string | null): Promise<string[]>;
  close(): void;
};

/** Enough to be quick, few enough not to fill the queue of those who wait for a password's hash. */
const AT_ONCE = 8;

/** Works through a list, `lanes` at a time. */
export async function inLanes<T>(lanes: number, list: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = list.values();
  const lane = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Sends what fetch would refuse or mend, over connections that stay open. */
export function gunAt(url: string): Gun {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const gun: Gun = {
    sent: 0,
    async fire(shots, token) {
      const faults: string[] = [];
      await inLanes(AT_ONCE, shots, async (shot) => {
        gun.sent += 1;
        const fault = faultOf(shot, await send(agent, url, shot, token));
        if (fault) faults.push(`${shot.method} ${shot.path.slice(0, 200)} with ${shot.what}: ${fault}`);
      });
      return faults;
    },
    close: () => agent.destroy(),
  };
  return gun;
}

export function send(agent: Agent, url: string, shot: Shot, token: string | null): Promise<Reply> {
  const { method, path, body, headers = {} } = shot;
  const length =
    body === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) };
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sending = request(
      {
        agent,
        hostname,
        port,
        method,
        path,
        headers: { ...authorization, ...length, ...headers },
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    sending.on('timeout', () => sending.destroy(new Error(`${method} ${path} with ${shot.what}: no answer`)));
    sending.on('error', (error) =>
      reject(new Error(`${method} ${path} with ${shot.what}: ${error.message}`)),
    );
    sending.end(body);
  });
}

type Problem = { type: string; status: number; errors?: { pointer: string }[] };

/** What is wrong with the answer to the one element of a request; null when nothing is. */
function elementFaultOf({ statuses, pointer, orAround, element = '' }: Shot, text: string): string | null {
  const { data } = JSON.parse(text) as { data: { result: string; problem?: Problem }[] };
  const [{ result, problem } = { result: 'nothing' }] = data;
  const shown = text.slice(0, 300);
  if (result !== 'conflict' || !problem) return `no conflict, but ${shown}`;
  if (statuses && !statuses.includes(problem.status)) return `not ${statuses.join(' or ')}, but ${shown}`;
  const named = (problem.errors ?? []).map((error) => `${element}${error.pointer}`);
  return pointer === undefined || names(named, pointer, orAround)
    ? null
    : `the answer doesn't name ${pointer}: ${shown}`;
}

/** Whether one of the pointers is there or within; or around it, if that will do. */
const names = (pointers: string[], wanted: string, orAround = false) =>
  pointers.some(
    (pointer) =>
      pointer === wanted ||
      pointer.startsWith(`${wanted}/`) ||
      (orAround && pointer !== '' && wanted.startsWith(`${pointer}/`)),
  );

/** What is wrong with an answer, in a sentence; null when nothing is. */
function faultOf(shot: Shot, { status, headers, text }: Reply): string | null {
  const { statuses, pointer, orAround, element } = shot;
  const shown = `${status} ${text.slice(0, 300)}`;
  if (element !== undefined && status === 200) return elementFaultOf(shot, text);
  if (status >= 500) return `the server broke: ${shown}`;
  if (statuses && !statuses.includes(status)) return `not ${statuses.join(' or ')}, but ${shown}`;
  if (status < 400) return null;
  if (headers['content-type'] !== 'application/problem+json')
    return `no problem, but ${headers['content-type']}`;
  const problem = JSON.parse(text) as Problem & { instance?: string };
  const code = problem.type.replace('urn:smoocho:problem:', '') as keyof typeof problems;
  if (problems[code]?.status !== status)
    return `${code} is not in the table of problems with this status: ${shown}`;
  if (problem.instance !== headers['x-request-id']) return `the request is not named: ${shown}`;
  if (pointer === undefined) return null;
  const named = (problem.errors ?? []).map((error) => error.pointer);
  return names(named, pointer, orAround) ? null : `the answer doesn't name ${pointer}: ${shown}`;
}
