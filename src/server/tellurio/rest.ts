import type { IncomingMessage, ServerResponse } from "node:http";
import {
  inventName,
  type ProjectRow,
  RUN_STATUSES,
  type RunRow,
  type RunStatus,
  toSlug,
  VISIBILITIES,
  type Visibility,
} from "./project-rows.ts";
import type { Projects } from "./projects.ts";

export interface RestContext {
  readonly projects: Projects;
  /** The request has the right key. */
  readonly isAllowed: boolean;
  readonly username: string;
}

/** Bodies are small: names, and one metric. */
const BODY_MAX_BYTES = 1_048_576;
const VERIFY = "/api/v0/verify-api-key/";
const ROUTE = /^\/api\/v0\/([^/]+)\/projects\/(?:([^/]+)\/(?:runs\/(?:([^/]+)\/(?:(metrics)\/)?)?)?)?$/;

export function isRestPath(path: string): boolean {
  return path === VERIFY || ROUTE.test(path);
}

/** Ends a request with a status and a sentence. */
class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers one request of the REST part: projects, runs, metrics, and whether a key is right. */
export async function answerRest(request: IncomingMessage, response: ServerResponse, path: string, context: RestContext): Promise<void> {
  try {
    if (!context.isAllowed)
      throw new HttpError(401, "The API key is missing or wrong. It is the token that the server printed at its start.");
    const { status, body } = await route(request, path, context);
    respond(response, status, body);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    respond(response, error.status, { detail: error.message });
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function route(request: IncomingMessage, path: string, context: RestContext): Promise<Answer> {
  const method = request.method ?? "GET";
  if (path === VERIFY) {
    if (method !== "GET") throw new HttpError(405, "Only GET is understood here.");
    const { username } = context;
    return { status: 200, body: { email: `${username}@localhost`, username, message: "API key is valid." } };
  }
  const [, namespace = "", slug, runId, metrics] = ROUTE.exec(path)!.map(decoded);
  const { projects } = context;
  if (slug === undefined) {
    if (method !== "POST") throw new HttpError(405, "Only POST is understood here.");
    return createProject(projects, namespace, await bodyOf(request));
  }
  const project = projects.find(namespace, slug);
  if (project === null) throw new HttpError(404, `There is no project ${namespace}/${slug}.`);
  if (!path.includes("/runs/")) return projectRoute(projects, project, method);
  if (runId === undefined) return runsRoute(projects, project, context, method, request);
  const run = projects.run(project, runId);
  if (run === null) throw new HttpError(404, `There is no run ${runId} in ${namespace}/${slug}.`);
  if (metrics !== undefined) return metricsRoute(projects, run, method, request);
  if (method === "GET") return { status: 200, body: runBody(run, project, context) };
  if (method !== "PATCH") throw new HttpError(405, "Only GET and PATCH are understood here.");
  const { status } = await bodyOf(request);
  projects.setStatus(run, toStatus(status));
  return { status: 200, body: runBody(projects.run(project, runId)!, project, context) };
}

function createProject(projects: Projects, namespace: string, body: Readonly<Record<string, unknown>>): Answer {
  if (!projects.namespaces.includes(namespace)) {
    throw new HttpError(404, `The namespace "${namespace}" is not known; this server has ${projects.namespaces.join(", ")}.`);
  }
  const { display_name: name, visibility = "TEAM" } = body;
  if (typeof name !== "string" || toSlug(name) === "")
    throw new HttpError(400, "display_name must be a text with at least one letter or digit.");
  if (!VISIBILITIES.includes(visibility as Visibility)) throw new HttpError(400, `visibility must be one of ${VISIBILITIES.join(", ")}.`);
  const project = projects.create(namespace, name, visibility as Visibility);
  if (project === null) throw new HttpError(409, `There is a project ${namespace}/${toSlug(name)} already.`);
  const org = { org_uuid: project.uuid, org_display_name: namespace, org_slug: namespace };
  return { status: 201, body: { ...projectBody(project), role: "OWNER", ...org } };
}

function projectRoute(projects: Projects, project: ProjectRow, method: string): Answer {
  if (method === "GET") return { status: 200, body: projectBody(project) };
  if (method !== "DELETE") throw new HttpError(405, "Only GET and DELETE are understood here.");
  projects.remove(project);
  return { status: 204, body: undefined };
}

async function runsRoute(
  projects: Projects,
  project: ProjectRow,
  context: RestContext,
  method: string,
  request: IncomingMessage,
): Promise<Answer> {
  const runs = projects.runs(project);
  if (method === "GET") return { status: 200, body: runs.map((run) => runBody(run, project, context)) };
  if (method !== "POST") throw new HttpError(405, "Only GET and POST are understood here.");
  const { name, description, status } = await bodyOf(request);
  const wanted = typeof name === "string" && name !== "" ? name : inventName(runs.length + 1);
  const run = projects.createRun(project, wanted, typeof description === "string" ? description : null, toStatus(status ?? "RUNNING"));
  return { status: 201, body: runBody(run, project, context) };
}

async function metricsRoute(projects: Projects, run: RunRow, method: string, request: IncomingMessage): Promise<Answer> {
  if (method === "GET") return { status: 200, body: projects.metrics(run) };
  if (method !== "POST") throw new HttpError(405, "Only GET and POST are understood here.");
  const body = await bodyOf(request);
  const { name, step = null } = body;
  if (typeof name !== "string" || name === "") throw new HttpError(400, "name must be a text that is not empty.");
  if (!Object.hasOwn(body, "value")) throw new HttpError(400, `The metric "${name}" has no value.`);
  if (step !== null && (typeof step !== "number" || !Number.isFinite(step))) throw new HttpError(400, "step must be a number.");
  return { status: 201, body: projects.addMetric(run, name, body.value, step) };
}

function projectBody(project: ProjectRow): Readonly<Record<string, unknown>> {
  const { uuid, display_name, slug, visibility } = project;
  const last_run_date = project.last_run_at === null ? null : iso(project.last_run_at);
  const none = { role: null, org_uuid: null, org_display_name: null, org_slug: null };
  return { uuid, display_name, slug, date_created: iso(project.created_at), last_run_date, visibility, ...none };
}

function runBody(run: RunRow, project: ProjectRow, { username }: RestContext): Readonly<Record<string, unknown>> {
  const { uuid, name, description, status } = run;
  return {
    uuid,
    name,
    description,
    status,
    date_created: iso(run.created_at),
    date_updated: iso(run.updated_at),
    project: { uuid: project.uuid, display_name: project.display_name, slug: project.slug },
    user: { uuid: "00000000-0000-4000-8000-000000000001", username, slug: username },
  };
}

function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    throw new HttpError(400, "The address is not encoded well.");
  }
}

function toStatus(value: unknown): RunStatus {
  const found = RUN_STATUSES.find((status) => status === value);
  if (found !== undefined) return found;
  throw new HttpError(400, `status must be one of ${RUN_STATUSES.join(", ")}.`);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_MAX_BYTES) throw new HttpError(413, `A body may have at most ${BODY_MAX_BYTES} bytes.`);
    parts.push(part);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(parts).toString() || "{}");
  } catch {
    throw new HttpError(400, "The body is not JSON.");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new HttpError(400, "The body must be a JSON object.");
  return body as Readonly<Record<string, unknown>>;
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader("Cache-Control", "no-store");
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.end(JSON.stringify(body));
}
