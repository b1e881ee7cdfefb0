data "azurerm_client_config" "this" {}

resource "azurerm_key_vault" "this" {
  name                       = "${var.name}-${random_string.suffix.result}"
  resource_group_name        = azurerm_resource_group.this.name
  location                   = azurerm_resource_group.this.location
  tenant_id                  = data.azurerm_client_config.this.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  soft_delete_retention_days = 90
}

resource "azurerm_role_assignment" "vault_writer" {
  scope                = azurerm_key_vault.this.id
  role_definition_name = "Key Vault Secrets Officer"
  principal_id         = data.azurerm_client_config.this.object_id
}

# Wraps all keys of the installation: with it, a new machine goes on with the same database.
resource "random_bytes" "master_key" {
  length = 32
}

# Between Smoocho and the gateway on the same machine.
resource "random_password" "gateway" {
  length  = 40
  special = false
}

locals {
  # Its authorities (DigiCert, Microsoft) are public ones.
  database_query = "sslmode=verify-full"
}

resource "azurerm_key_vault_secret" "this" {
  name         = var.name
  key_vault_id = azurerm_key_vault.this.id
  content_type = "application/json"
  value = jsonencode({
    database_url  = "postgres://smoocho:${random_password.database.result}@${azurerm_postgresql_flexible_server.this.fqdn}:5432/smoocho?${local.database_query}"
    master_key    = random_bytes.master_key.base64
    s3_access_key = "smoocho"
    s3_secret_key = random_password.gateway.result
  })
  depends_on = [azurerm_role_assignment.vault_writer]
}

resource "azurerm_user_assigned_identity" "box" {
  name                = "${var.name}-box"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
}

resource "azurerm_role_assignment" "secret" {
  scope                = azurerm_key_vault_secret.this.resource_versionless_id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.box.principal_id
}

resource "azurerm_role_assignment" "blobs" {
  for_each             = azurerm_storage_container.this
  scope                = each.value.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.box.principal_id
}

# The gateway reads and writes tags when it puts the parts of an upload together, and no role short of the owner's may.
resource "azurerm_role_definition" "tags" {
  name        = "${var.name}-blob-tags-${random_string.suffix.result}"
  scope       = azurerm_resource_group.this.id
  description = "Tags of blobs, for the S3 gateway"
  permissions {
    data_actions = [
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/read",
      "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags/write",
    ]
  }
  assignable_scopes = [azurerm_resource_group.this.id]
}

resource "azurerm_role_assignment" "tags" {
  for_each           = azurerm_storage_container.this
  scope              = each.value.id
  role_definition_id = azurerm_role_definition.tags.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.box.principal_id
}
