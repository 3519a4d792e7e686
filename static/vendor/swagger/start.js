// The page behind /docs. validatorUrl: null, or Swagger UI would ask validator.swagger.io.
globalThis.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  validatorUrl: null,
});
