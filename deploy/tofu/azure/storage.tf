resource "azurerm_storage_account" "this" {
  name                            = "${replace(var.name, "-", "")}${random_string.suffix.result}"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = azurerm_resource_group.this.location
  account_tier                    = "Standard"
  account_replication_type        = "ZRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  # Identities alone; the account's keys would open all of it.
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  local_user_enabled              = false

  blob_properties {
    versioning_enabled = true
    delete_retention_policy {
      days = var.deleted_days
    }
    container_delete_retention_policy {
      days = var.deleted_days
    }
  }

  network_rules {
    default_action             = "Deny"
    bypass                     = ["None"]
    virtual_network_subnet_ids = [azurerm_subnet.box.id]
  }
}

resource "azurerm_storage_container" "this" {
  for_each              = toset(["pictures", "backups"])
  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

# Versions that were replaced or deleted cost until they go. No immutability policy: it would refuse the deletion of old backups
# (`backup prune`).
resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id
  rule {
    name    = "old-versions"
    enabled = true
    filters {
      blob_types = ["blockBlob"]
    }
    actions {
      version {
        delete_after_days_since_creation = var.deleted_days
      }
    }
  }
}

resource "azurerm_management_lock" "storage" {
  name       = "no-deletion"
  scope      = azurerm_storage_account.this.id
  lock_level = "CanNotDelete"
  notes      = "Pictures and backups are in it."
}
