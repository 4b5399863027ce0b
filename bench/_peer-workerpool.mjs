// The task of workerpool in tasks.mjs.
import workerpool from "workerpool";

workerpool.worker({ echo: (n) => n });
