import { ERRORS_PAGE } from "../errors/help.ts";
import { SWAGGER_UI_VERSION } from "./swagger_ui.ts";

/** Where each part of the reference is served; what never changes has its version in its path. */
export const PATHS = {
  openapi: "/openapi.json",
  reference: "/docs",
  errors: ERRORS_PAGE,
  style: "/docs/assets/docs.css",
  boot: "/docs/assets/docs.js",
  swaggerUi: `/docs/assets/swagger-ui-${SWAGGER_UI_VERSION}.js`,
  swaggerUiStyle: `/docs/assets/swagger-ui-${SWAGGER_UI_VERSION}.css`,
} as const;
