import { ERRORS_PAGE } from "../errors/help.ts";
import { SWAGGER_UI_VERSION } from "./swagger_ui.ts";

/** Paths of the reference; immutable resources have their version in the path. */
export const PATHS = {
  openapi: "/openapi.json",
  reference: "/docs",
  errors: ERRORS_PAGE,
  style: "/docs/assets/docs.css",
  boot: "/docs/assets/docs.js",
  swaggerUi: `/docs/assets/swagger-ui-${SWAGGER_UI_VERSION}.js`,
  swaggerUiStyle: `/docs/assets/swagger-ui-${SWAGGER_UI_VERSION}.css`,
} as const;
