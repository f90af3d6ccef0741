"use strict";
// Swagger UI, set up from a file of its own: the page's security policy allows no inline script.
(() => {
  const element = document.getElementById("swagger-ui");
  const csrf = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1];
  window.ui = SwaggerUIBundle({
    domNode: element,
    url: element.dataset.schema,
    deepLinking: true,
    displayOperationId: true,
    displayRequestDuration: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      // Staff who are logged in to the admin need no key, but their browser has to prove that the page asked.
      const token = csrf();
      if (token && request.url.startsWith(window.location.origin)) request.headers["X-CSRFToken"] = token;
      return request;
    },
  });
})();
