// Stores the token of a JSON or form body in the file that STORE names.
import express from "express";
import { writeFileSync } from "node:fs";

const app = express();
app.use(express.json({ limit: "64mb" }), express.urlencoded({ limit: "64mb", extended: true, parameterLimit: 1e6 }));
app.put("/keys", (request, response) => {
  writeFileSync(process.env.STORE, request.body.token);
  response.json({ saved: true });
});
app.listen(Number(process.env.PORT), "127.0.0.1");
