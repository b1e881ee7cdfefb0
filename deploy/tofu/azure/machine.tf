module "box" {
  source         = "../shared"
  source_address = var.source_address
  domain         = var.domain
  secret_id      = azurerm_key_vault_secret.this.versionless_id
  fetch_secret   = "fetch-azure.sh"
  s3 = {
    endpoint = "http://gateway:7070"
    region   = "us-east-1"
    bucket   = azurerm_storage_container.this["pictures"].name
  }
  settings = {
    COMPOSE_PROFILES = "gateway"
    AZURE_ACCOUNT    = azurerm_storage_account.this.name
    AZURE_CLIENT_ID  = azurerm_user_assigned_identity.box.client_id
    GATEWAY_KEYS     = "/run/smoocho/gateway-keys"
  }
}

resource "azurerm_linux_virtual_machine" "box" {
  name                            = var.name
  resource_group_name             = azurerm_resource_group.this.name
  location                        = azurerm_resource_group.this.location
  size                            = var.machine_size
  network_interface_ids           = [azurerm_network_interface.box.id]
  admin_username                  = "keeper"
  disable_password_authentication = true
  secure_boot_enabled             = true
  vtpm_enabled                    = true
  patch_mode                      = "AutomaticByPlatform"
  patch_assessment_mode           = "AutomaticByPlatform"
  reboot_setting                  = "IfRequired"
  custom_data                     = base64encode(module.box.user_data)

  admin_ssh_key {
    username   = "keeper"
    public_key = var.admin_ssh_public_key
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.box.id]
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
    disk_size_gb         = 30
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }

  # Other user data is no reason to replace a machine that sells: tofu apply -replace does it.
  lifecycle {
    ignore_changes = [custom_data]
  }

  depends_on = [
    azurerm_role_assignment.secret,
    azurerm_role_assignment.blobs,
    azurerm_role_assignment.tags,
    azurerm_postgresql_flexible_server_database.this,
    azurerm_subnet_network_security_group_association.box,
  ]
}
