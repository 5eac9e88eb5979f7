namespace LoraBridge.Native;

/// <summary>Kinds of devices (<c>ggml_backend_dev_type</c>).</summary>
internal enum GgmlBackendDeviceType
{
    Cpu = 0,
    Gpu = 1,
    Igpu = 2,
    Accel = 3,
    Meta = 4,
}
