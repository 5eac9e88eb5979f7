using LoraBridge.TestKit;

namespace LoraBridge.Repository.Tests;

/// <summary>The files of the checkout that the tests were built from.</summary>
internal static class Checkout
{
    private static readonly string[] Generated = ["bin", "obj", "node_modules", "artifacts", "TestResults"];

    internal static string Root => CheckoutFolder.Root;

    internal static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>Files below a folder, with paths relative to the root and slashes; none that a build makes.</summary>
    internal static IEnumerable<string> Files(string folder, string extension) =>
        from file in new DirectoryInfo(PathOf(folder)).EnumerateFiles($"*{extension}", SearchOption.AllDirectories)
        let relative = Path.GetRelativePath(Root, file.FullName).Replace('\\', '/')
        where !relative.Split('/').Intersect(Generated).Any()
        orderby relative
        select relative;

    internal static string Read(string relative) => File.ReadAllText(PathOf(relative)).ReplaceLineEndings("\n");
}
