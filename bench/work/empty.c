/* What every program costs, whatever it does then. */
int main(void)
{
	return 0;
}
