import { findModel, listModels } from "../saved-models.ts";
import type { MethodTable } from "./method.ts";
import { openMethod } from "./method.ts";

/** `model.*`: the files that `job.save` wrote, which any session may use. */
export const MODEL_METHODS: MethodTable = {
  "model.list": openMethod("authenticated", async ({ services }) => ({ result: { models: await listModels(services.saveDir) } })),

  "model.load": openMethod("authenticated", async ({ params, services }) => {
    const { entry, header } = await findModel(services.saveDir, params.string("name"));
    const { format: _format, config: _config, preprocessing: _recipe, ...about } = header;
    return { result: { ...entry, ...about } };
  }),
};
