namespace LoraBridge.TestKit;

/// <summary>The checkout that the tests were built from.</summary>
public static class CheckoutFolder
{
    /// <summary>Its root, where the solution lies.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LoraBridge.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds LoraBridge.sln.");
    }
}
