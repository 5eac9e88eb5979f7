namespace LoraBridge.Store.Tests.Loopback;

/// <summary>A request that the loopback servers got.</summary>
internal sealed record LoggedRequest(bool IsCdn, string Method, string Path, string? Range, string? IfRange, string? Authorization, string? Cookie, string Query)
{
    /// <summary>The first byte that was asked for.</summary>
    internal long From => Range is null ? 0 : long.Parse(Range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture);

    public override string ToString() => $"{(IsCdn ? "cdn" : "hub")} {Method} {Path}{(Range is null ? "" : $" {Range}")}";
}
