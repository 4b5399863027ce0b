"""Welcome, a call, a function run on this side, and a heartbeat, over and over: a client on Debian's python3-websockets.

Reads as the reference client does: one task listens, while connecting wants the first message. Prints one JSON line at the end.
"""
import asyncio
import json
import sys
import uuid

import websockets

URL, KEY, MODEL_URL, ROUNDS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


class Client:
    def __init__(self, socket):
        self.socket, self.waiting, self.heartbeats, self.callables = socket, {}, 0, 0
        self.listener = asyncio.create_task(self.listen())

    async def listen(self):
        async for text in self.socket:
            message = json.loads(text)
            method = message.get("method")
            if method == "heartbeat":
                self.heartbeats += 1
            elif method is None:
                self.waiting.pop(message["id"]).set_result(message)
            else:
                result = {"message": "Ok"}
                if method == "run_callable":
                    self.callables += 1
                    prediction, target = message["params"]["args"]
                    result["data"] = int(prediction == target)
                await self.socket.send(json.dumps({"jsonrpc": "2.0", "result": result, "id": message["id"]}))

    async def call(self, method, **params):
        call_id = str(uuid.uuid4())
        answer = self.waiting[call_id] = asyncio.get_running_loop().create_future()
        params["run_uuid"] = "python"
        await self.socket.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": call_id}))
        message = await asyncio.wait_for(answer, 20)
        if "error" in message:
            raise RuntimeError(message["error"]["data"]["exception"])
        return message["result"]

    async def variable(self, data, role, grad):
        made = await self.call("create_variable", data=data, role=role, requires_grad=grad, obj_type="__variable__")
        return {"__variable__": True, "variable_id": made["variable_id"]}


async def one_round():
    async with websockets.connect(URL, extra_headers={"Authorization": f"Api-Key {KEY}"}) as socket:
        welcome = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert welcome["result"]["session_id"]
        client = Client(socket)
        prediction = await client.variable("green", "colour", True)
        evaluate = {"__callable__": True, "callable_id": str(uuid.uuid4())}
        args = [prediction, "green", evaluate, "colour match", None, None, None]
        done = await client.call("run_function", function_name="DeterministicEvaluator", grad_enabled=True, args=args, kwargs={})
        assert done["data"][0]["data"] == 1 and client.callables == 1
        config = {"api_key": "sk-python", "base_url": MODEL_URL}
        made = await client.call("create_model", class_type="OpenAI", provider="openai", config=config, usage={})
        model = {"__model_client__": True, "model_id": made["model_id"]}
        args = [model, [{"role": "user", "content": [prediction]}], None]
        done = await client.call("run_function", function_name="ChatCompletion", grad_enabled=True, args=args, kwargs={"model": "m"})
        assert done["data"]["data"] == "slow answer"
        assert client.heartbeats >= 1
        client.listener.cancel()


async def main():
    for _ in range(ROUNDS):
        await one_round()
    print(json.dumps({"rounds": ROUNDS, "websockets": websockets.__version__}))


asyncio.run(main())
