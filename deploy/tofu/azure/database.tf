resource "random_password" "database" {
  length      = 40
  special     = false
  min_upper   = 1
  min_lower   = 1
  min_numeric = 1
}

# Names of servers, storage accounts and vaults are the whole world's.
resource "random_string" "suffix" {
  length  = 6
  upper   = false
  special = false
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                = "${var.name}-${random_string.suffix.result}"
  resource_group_name = azurerm_resource_group.this.name
  location            = azurerm_resource_group.this.location
  version             = "17"
  sku_name            = var.database_sku
  storage_mb          = var.database_megabytes
  auto_grow_enabled   = true

  administrator_login    = "smoocho"
  administrator_password = random_password.database.result

  delegated_subnet_id           = azurerm_subnet.database.id
  private_dns_zone_id           = azurerm_private_dns_zone.database.id
  public_network_access_enabled = false

  backup_retention_days = var.point_in_time_days

  authentication {
    password_auth_enabled         = true
    active_directory_auth_enabled = false
  }

  dynamic "high_availability" {
    for_each = var.database_standby ? ["ZoneRedundant"] : []
    content {
      mode = high_availability.value
    }
  }

  maintenance_window {
    day_of_week  = 2
    start_hour   = 22
    start_minute = 0
  }

  # After a failover the zones have changed places; the disk grows by itself.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [zone, high_availability[0].standby_availability_zone, storage_mb]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.database]
}

# On by itself; here nobody can turn it off unnoticed.
resource "azurerm_postgresql_flexible_server_configuration" "tls" {
  name      = "require_secure_transport"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = "on"
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = "smoocho"
  server_id = azurerm_postgresql_flexible_server.this.id
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_management_lock" "database" {
  name       = "no-deletion"
  scope      = azurerm_postgresql_flexible_server.this.id
  lock_level = "CanNotDelete"
  notes      = "All sales are in it."
}
