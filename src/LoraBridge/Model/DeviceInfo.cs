namespace LoraBridge.Model;

/// <summary>A device that computes.</summary>
/// <param name="Name">What ggml calls it, such as <c>CUDA0</c>.</param>
/// <param name="Description">What its maker calls it.</param>
/// <param name="TotalMemory">Its memory in bytes.</param>
/// <param name="FreeMemory">How much of it was free when this was asked, in bytes.</param>
public sealed record DeviceInfo(string Name, string Description, long TotalMemory, long FreeMemory)
{
    /// <summary>What trains on it.</summary>
    public string Training { get; init; } = "";
}
