import { TrainyardError } from "../core/errors.ts";
import { daemons, status } from "./daemons.ts";
import type { DaemonsOptions } from "./daemons-options.ts";
import type { Mirai } from "./mirai.ts";
import type { TaskLike } from "./mirai-context.ts";
import { mirai } from "./submit.ts";

let clustersMade = 0;

export interface Cluster extends AsyncDisposable {
  readonly profile: string;
  /** Ids of the nodes: the daemons, in the order in which they were started. */
  readonly nodes: readonly string[];
  /** On one node, by its position from 0. What the node was left with by earlier calls is there. */
  callOn<Args, Result>(node: number, task: TaskLike<Args, Result>, args?: Args): Mirai<Result>;
  /** The same on every node; values in the order of nodes. */
  call<Args, Result>(task: TaskLike<Args, Result>, args?: Args): Promise<Result[]>;
  /** One node after the other gets the next element; each node's share is fixed, whatever it takes. */
  apply<E, R>(elements: Iterable<E>, task: TaskLike<E, R>): Promise<R[]>;
  /** As `apply`, and whichever node is free gets the next element. */
  applyBalanced<E, R>(elements: Iterable<E>, task: TaskLike<E, R>): Promise<R[]>;
  stop(): Promise<void>;
}

/**
 * A profile of its own whose nodes keep what tasks leave on them, in the shape of R's `parallel` clusters. A node that dies is not replaced, so that
 * nothing runs where it was not set up: what is sent to it fails with 19.
 */
export async function makeCluster(
  n: number,
  options: Pick<DaemonsOptions, "seed" | "output" | "thread" | "nodeArguments"> = {},
): Promise<Cluster> {
  const profile = `cluster-${++clustersMade}`;
  const set = await daemons({ ...options, n, profile, cleanup: false, respawn: false });
  return new LocalCluster(
    profile,
    status(profile).daemons.map((daemon) => daemon.id),
    () => set.reset(),
  );
}

class LocalCluster implements Cluster {
  readonly profile: string;
  readonly nodes: readonly string[];
  readonly #reset: () => Promise<void>;
  #isActive = true;

  constructor(profile: string, nodes: readonly string[], reset: () => Promise<void>) {
    this.profile = profile;
    this.nodes = nodes;
    this.#reset = reset;
  }

  callOn<Args, Result>(node: number, task: TaskLike<Args, Result>, args?: Args): Mirai<Result> {
    this.#assertActive();
    const daemon = this.nodes[node];
    if (daemon === undefined) throw new TrainyardError("not_found", `the cluster has nodes 0 to ${this.nodes.length - 1}, not ${node}`);
    return mirai(task, args, { profile: this.profile, daemon });
  }

  async call<Args, Result>(task: TaskLike<Args, Result>, args?: Args): Promise<Result[]> {
    return Promise.all(this.nodes.map((_, node) => this.callOn(node, task, args)));
  }

  async apply<E, R>(elements: Iterable<E>, task: TaskLike<E, R>): Promise<R[]> {
    return Promise.all([...elements].map((element, i) => this.callOn(i % this.nodes.length, task, element)));
  }

  async applyBalanced<E, R>(elements: Iterable<E>, task: TaskLike<E, R>): Promise<R[]> {
    this.#assertActive();
    return Promise.all([...elements].map((element) => mirai(task, element, { profile: this.profile })));
  }

  async stop(): Promise<void> {
    this.#isActive = false;
    await this.#reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #assertActive(): void {
    if (!this.#isActive) throw new TrainyardError("closed", "the cluster is no longer active");
  }
}
