namespace LoraBridge.Model;

/// <summary>The library that computes.</summary>
public enum ComputeBackend
{
    /// <summary>The GPUs that are available, else the CPU.</summary>
    Auto,

    /// <summary>The CPU alone.</summary>
    Cpu,

    /// <summary>NVIDIA GPUs.</summary>
    Cuda,

    /// <summary>GPUs with a Vulkan driver.</summary>
    Vulkan,

    /// <summary>Apple GPUs.</summary>
    Metal,
}
